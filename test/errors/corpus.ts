import type { ExitCause } from "../../src/errors/classify-exit.ts";
import type { RuntimeFaultKind } from "../../src/errors/from-runtime.ts";

/** One text of a runtime, or of a library above it, and what it means. */
export interface FaultSample {
  readonly text: string;
  readonly kind: RuntimeFaultKind;
}

/** Texts of local workerd: its API, and its client of the Docker engine. */
export const LOCAL: readonly FaultSample[] = [
  { text: "Container is not listening to port 8080", kind: "not-listening" },
  {
    text: "connect(): Container ingress proxy is not running.",
    kind: "not-running",
  },
  {
    text: "connect(): Connection refused: container port not found. Make sure you exposed the port in your container definition.",
    kind: "not-listening",
  },
  {
    text: "Connecting to container port through proxy-everything failed: [502] bad gateway",
    kind: "not-listening",
  },
  { text: "Network connection lost.", kind: "connection-lost" },
  { text: "Container port connection read aborted.", kind: "connection-lost" },
  {
    text: "Container port connection closed unexpectedly.",
    kind: "connection-lost",
  },
  { text: "Container failed to start", kind: "start-failed" },
  {
    text: "No such image available named cloudflare-dev/app:1a2b3c4d",
    kind: "start-failed",
  },
  {
    text: "Create container failed with [500] no space left on device",
    kind: "start-failed",
  },
  {
    text: "Starting container failed with: no such file",
    kind: "start-failed",
  },
  {
    text: "Failed to create the networking sidecar [500] oops",
    kind: "start-failed",
  },
  {
    text: "Starting network sidecar container failed with: 500",
    kind: "start-failed",
  },
  {
    text: "start() cannot be called on a container that is already running.",
    kind: "already-running",
  },
  { text: "Container already started", kind: "already-running" },
  { text: "Container already exists", kind: "already-running" },
  {
    text: "monitor() cannot be called on a container that is not running.",
    kind: "not-running",
  },
  {
    text: "signal() cannot be called on a container that is not running.",
    kind: "not-running",
  },
  {
    text: "exec() cannot be called on a container that is not running.",
    kind: "not-running",
  },
  { text: "exec() requires a running container.", kind: "not-running" },
  { text: "Monitor failed to find container", kind: "not-running" },
  { text: "Container exited with unexpected exit code: 3", kind: "exited" },
];

/** Texts of production, as users report them. */
export const PRODUCTION: readonly FaultSample[] = [
  {
    text: "The container is not listening in the TCP address 10.0.0.1:8080",
    kind: "not-listening",
  },
  {
    text: "The container is not running, consider calling start()",
    kind: "not-running",
  },
  {
    text: "There is no container instance that can be provided to this Durable Object, try again later",
    kind: "no-instance",
  },
  {
    text: "The container service is unreachable, try again later",
    kind: "no-instance",
  },
  {
    text: "Maximum number of running container instances exceeded. Try again later, or try configuring a higher value for max_instances",
    kind: "max-instances",
  },
  {
    text: "You are requesting too many containers per second",
    kind: "rate-limited",
  },
  { text: "DURABLE_OBJECT_NOT_CONTAINER_ENABLED", kind: "not-configured" },
  { text: "Runtime signalled the container to exit: 15", kind: "exited" },
  {
    text: "Runtime signalled the container to exit due to a new version rollout: 0",
    kind: "exited",
  },
  {
    text: "Container exited with unexpected exit code: 137 (out of memory)",
    kind: "exited",
  },
  {
    text: "Durable Object reset because its code was updated.",
    kind: "object-reset",
  },
  { text: "Durable Object's code has been updated", kind: "object-reset" },
  {
    text: "This script has been upgraded. Please send a new request to connect to the new version.",
    kind: "object-reset",
  },
  {
    text: "Durable Object's isolate exceeded its memory limit and was reset.",
    kind: "object-reset",
  },
  {
    text: "Durable Object storage operation exceeded timeout which caused object to be reset.",
    kind: "object-reset",
  },
  {
    text: "internal error while starting up durable object storage caused object to be reset",
    kind: "object-reset",
  },
  {
    text: "Durable Object is overloaded. Requests queued for too long.",
    kind: "overloaded",
  },
  {
    text: "Cannot resolve Durable Object due to transient issue on remote node.",
    kind: "transient",
  },
];

/** Production's, known by fragments or by meaning only: the full sentence has not been seen. */
export const EXPECTED: readonly FaultSample[] = [
  { text: "no container application assigned", kind: "not-configured" },
  { text: "no application that matches", kind: "not-configured" },
  { text: "ImagePullError", kind: "start-failed" },
  { text: "ran out of memory", kind: "exited" },
  {
    text: "The container image is being prepared, try again later",
    kind: "image-preparing",
  },
  { text: "Image is not ready", kind: "image-preparing" },
];

/** Texts that the peer makes of those, met where its answers are forwarded. */
export const WRAPPED: readonly FaultSample[] = [
  {
    text: "Failed to start container: Maximum number of running container instances exceeded",
    kind: "max-instances",
  },
  {
    text: "Error proxying request to container: The container is not listening in the TCP address 10.0.0.1:8000",
    kind: "not-listening",
  },
  {
    text: "Error proxying request to container: The container is not running, consider calling start()",
    kind: "not-running",
  },
  {
    text: "Container suddenly disconnected, try again",
    kind: "connection-lost",
  },
  {
    text: "Container crashed while checking for ports, did you start the container and setup the entrypoint correctly?",
    kind: "exited",
  },
  { text: "Container request aborted.", kind: "aborted" },
  { text: "The operation was aborted", kind: "aborted" },
];

/** Texts of an app or of nobody: they must not be taken for the runtime's. */
export const FOREIGN: readonly string[] = [
  "",
  "Unexpected token < in JSON at position 0",
  "listening on port 8080",
  "the image of the user was saved",
  "Invalid port number: 0",
  "unknown",
];

/** How `monitor()` rejects, and what that says of the run. */
export const EXITS: readonly {
  readonly text: string;
  readonly exitCode: number | null;
  readonly cause: ExitCause;
}[] = [
  {
    text: "Container exited with unexpected exit code: 3",
    exitCode: 3,
    cause: "exit",
  },
  {
    text: "Container exited with unexpected exit code 1",
    exitCode: 1,
    cause: "exit",
  },
  {
    text: "Container exited with unexpected exit code: 143",
    exitCode: 143,
    cause: "exit",
  },
  {
    text: "Container exited with unexpected exit code: 137 (out of memory)",
    exitCode: 137,
    cause: "oom",
  },
  { text: "Container ran out of memory", exitCode: null, cause: "oom" },
  {
    text: "Runtime signalled the container to exit: 15",
    exitCode: 15,
    cause: "signal",
  },
  {
    text: "runtime signalled the container to exit: 9",
    exitCode: 9,
    cause: "signal",
  },
  {
    text: "Runtime signalled the container to exit",
    exitCode: null,
    cause: "signal",
  },
  {
    text: "Runtime signalled the container to exit due to a new version rollout: 0",
    exitCode: 0,
    cause: "rollout",
  },
  {
    text: "Runtime signalled the container to exit due to a new version rollout",
    exitCode: null,
    cause: "rollout",
  },
  { text: "Container failed to start", exitCode: null, cause: "admission" },
  {
    text: "There is no container instance that can be provided to this Durable Object, try again later",
    exitCode: null,
    cause: "admission",
  },
  {
    text: "Maximum number of running container instances exceeded",
    exitCode: null,
    cause: "admission",
  },
  { text: "Network connection lost.", exitCode: null, cause: "unknown" },
  {
    text: "Monitor failed to find container",
    exitCode: null,
    cause: "unknown",
  },
  { text: "something new", exitCode: null, cause: "unknown" },
];
