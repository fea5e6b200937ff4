// A Worker that does in a real container what a class offers for that, over its stub.
import { Container, errorCode, type ExecOptions } from "../../../src/index.ts";

export class App extends Container<Env> {
  override defaultPort = 8080;
  override envVars = { MODE: "class" };
  override resolveEnv = async () => ({ TOKEN: await Promise.resolve("hunter2-hunter2") });

  override onError(): void {}
}

export class Job extends Container<Env> {
  override entrypoint = ["sleep", "1"];

  override onError(): void {}
}

interface Env {
  readonly APP: DurableObjectNamespace<App>;
  readonly JOB: DurableObjectNamespace<Job>;
}

interface Call {
  readonly id: string;
  readonly step: string;
  readonly command?: string[];
  readonly options?: ExecOptions;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (part: Uint8Array | undefined): string => new TextDecoder().decode(part);

async function act(env: Env, { id, step, command = [], options = {} }: Call): Promise<unknown> {
  const app = env.APP.getByName(id);
  switch (step) {
    case "exec":
      return await app.exec(command, options);
    case "stdin":
      return await app.exec(["cat"], { stdin: new Response("from afar").body ?? "" });
    case "stream": {
      using program = await app.execStream(command, options);
      const outputs = [program.stdout, program.stderr].map((stream) => new Response(stream).text());
      return { outputs: await Promise.all(outputs), exit: await program.exit() };
    }
    case "cancel": {
      using program = await app.execStream(["sh", "-c", "while :; do echo x; sleep 0.05; done"]);
      const reader = program.stdout.getReader();
      const first = text((await reader.read()).value);
      await reader.cancel();
      return { first, exit: await program.exit() };
    }
    case "kill": {
      using program = await app.execStream(["sh", "-c", "echo up; exec sleep 100"]);
      const reader = program.stdout.getReader();
      const first = text((await reader.read()).value);
      await program.kill("SIGKILL");
      return { first, exit: await program.exit() };
    }
    case "connect": {
      using connection = await app.connectTcp(9001);
      const writer = connection.writable.getWriter();
      await writer.write(bytes("ping"));
      const reader = connection.readable.getReader();
      const echo = text((await reader.read()).value);
      await writer.close();
      const { done } = await reader.read();
      await connection.closed();
      return { echo, done };
    }
    case "closed port":
      return await app.connectTcp(9009, { readyTimeout: "1s" });
    case "metrics":
      return await app.metrics();
    case "inspect":
      return await app.inspect();
    case "destroy":
      return await app.destroy();
    case "run":
      return await app.run(command, { idempotencyKey: id });
    case "own command":
      return await env.JOB.getByName(id).run({ idempotencyKey: id });
    default:
      throw new Error(`There is no step ${step}`);
  }
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    try {
      return Response.json((await act(env, await request.json())) ?? null);
    } catch (error) {
      return Response.json({ code: errorCode(error) ?? null, message: String(error) });
    }
  },
} satisfies ExportedHandler<Env>;
