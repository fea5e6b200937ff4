declare namespace Cloudflare {
  interface Env {
    SESSION: DurableObjectNamespace<import("../src/index.ts").Session>;
  }
}
