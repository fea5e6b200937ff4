import "./register-worker-modules.ts";
import { merge, newReport } from "./hour-report.ts";

// One worker of the swarm: runs the hours of the seeds it is given, and tells what came of them.
const { runHour } = await import("./run-hour.ts");
const [first = 1, count = 1, stride = 1] = process.argv.slice(2).map(Number);
console.error = () => {}; // what the library logs of its refusals is no news here
const report = newReport();
for (let index = 0; index < count; index += 1) {
  merge(report, await runHour(first + index * stride));
}
process.stdout.write(JSON.stringify(report));
