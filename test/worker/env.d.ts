declare namespace Cloudflare {
  interface Env {
    BOX: DurableObjectNamespace<import("./worker.ts").Box>;
    FORGOTTEN: DurableObjectNamespace<import("./worker.ts").Forgotten>;
    OUTDATED: DurableObjectNamespace<import("./worker.ts").Outdated>;
  }
}
