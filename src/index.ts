export { Container } from "./worker/container.ts";
export { ContainerProxy } from "./worker/egress/container-proxy.ts";
export { outboundParams } from "./worker/egress/outbound-types.ts";
export { getContainer } from "./worker/get-container.ts";
export { getRandom } from "./worker/get-random.ts";
export { loadBalance } from "./worker/load-balance.ts";
export { sessionId } from "./worker/session-id.ts";
export { switchPort } from "./worker/switch-port.ts";
export { all } from "./core/readiness/all.ts";
export { any } from "./core/readiness/any.ts";
export { exec } from "./core/readiness/exec.ts";
export { http } from "./core/readiness/http.ts";
export { tcp } from "./core/readiness/tcp.ts";
export { ContainerError, errorCode, isContainerError } from "./errors/container-error.ts";
export type { ContainerErrorCode } from "./errors/codes.ts";
export { directory } from "./worker/directory/directory.ts";
export type { DirectoryOptions, DirectorySettings } from "./core/directory/directory-settings.ts";
export type { DirectoryPlan } from "./worker/directory/directory.ts";
export { snapshot } from "./core/snapshot/snapshot.ts";
export type { SnapshotMoment, SnapshotOptions, SnapshotPlan } from "./core/snapshot/snapshot.ts";
export type { PersistPlan } from "./worker/snapshots/persist-plan.ts";
export type { SnapshotHandle } from "./worker/snapshots/snapshot-choice.ts";
export type { SnapshotInfo } from "./worker/snapshots/snapshotter.ts";
export type { TakeOptions } from "./worker/container-snapshots.ts";
export type { CustomSize, InstanceSize } from "./core/image/instance-size.ts";
export type { StopCause, StopRecord } from "./core/lifecycle/phase.ts";
export type { State } from "./core/lifecycle/public-state.ts";
export type { ExecCheckOptions } from "./core/readiness/exec.ts";
export type { HttpCheckOptions } from "./core/readiness/http.ts";
export type { Probe, ProbeRequestInit, ReadinessCheck } from "./core/readiness/readiness-check.ts";
export type { SocketActivity, SocketSide } from "./core/socket-activity.ts";
export type { Duration } from "./core/duration.ts";
export type { EgressPolicy, EgressRule } from "./core/egress/egress-rules.ts";
export type { Placement } from "./core/routing/placement.ts";
export type { SessionSource } from "./core/routing/session-source.ts";
export type { CronParser, CronTimes } from "./core/schedule/cron-parser.ts";
export type { MissedPolicy } from "./core/schedule/task.ts";
export type { ScheduleOptions, ScheduleSpec, ScheduleTime } from "./worker/schedule/new-task.ts";
export type {
  EgressEvent,
  OutboundHandler,
  OutboundHandlerContext,
  OutboundHandlerParams,
  OutboundHandlerParamsOf,
  OutboundHandlers,
  OutboundOverride,
} from "./worker/egress/outbound-types.ts";
export type { Traffic } from "./worker/answer-passer.ts";
export type { Liveness } from "./worker/liveness-watch.ts";
export type { Budget, CallerStartup, Startup } from "./worker/read-policy.ts";
export type { HoldOptions } from "./worker/holds.ts";
export type { Recycle } from "./worker/deploy-watch.ts";
export type { ImageChoice } from "./worker/start-planner.ts";
export type { EnvContext, ResolveEnv } from "./worker/run-environment.ts";
export type { ExecSettings, TerminalSize } from "./core/programs/exec-plan.ts";
export type { ExecExit, ExecHandle, ExecOptions, ExecResult } from "./worker/programs/programs.ts";
export type { ProgramEnd } from "./worker/programs/program-runner.ts";
export type { InstanceMetrics } from "./core/metrics/parse-metrics.ts";
export type { TcpConnection } from "./worker/programs/tcp-connection.ts";
export type { ConnectOptions } from "./worker/programs/tcp-connector.ts";
export type { JobResult } from "./core/jobs/job.ts";
export type { RunOptions } from "./worker/job-plan.ts";
export type { Compared, InstanceStatus, InstanceUsage } from "./core/lifecycle/status.ts";
export type { Session, SessionCookie, SessionOptions } from "./worker/session-id.ts";
export type {
  CancellationOptions,
  ContainerEventHandler,
  ContainerMessage,
  ContainerOptions,
  ContainerStartConfigOptions,
  Schedule,
  Signal,
  SignalInteger,
  StartAndWaitForPortsOptions,
  StopParams,
  WaitOptions,
} from "./worker/container-types.ts";
