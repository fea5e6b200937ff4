import type { ExitCause } from "../../src/errors/classify-exit.ts";
import type { ContainerErrorCode } from "../../src/errors/codes.ts";

/** One text of a runtime, or of a library above it, and what it means. */
export interface FaultSample {
  readonly text: string;
  readonly code: ContainerErrorCode;
}

/** Texts of local workerd: its API, and its client of the Docker engine. */
export const LOCAL: readonly FaultSample[] = [
  { text: "Container is not listening to port 8080", code: "NOT_LISTENING" },
  {
    text: "connect(): Container ingress proxy is not running.",
    code: "NOT_RUNNING",
  },
  {
    text: "connect(): Connection refused: container port not found. Make sure you exposed the port in your container definition.",
    code: "NOT_LISTENING",
  },
  {
    text: "Connecting to container port through proxy-everything failed: [502] bad gateway",
    code: "NOT_LISTENING",
  },
  { text: "Network connection lost.", code: "CONNECTION_LOST" },
  { text: "Container port connection read aborted.", code: "CONNECTION_LOST" },
  {
    text: "Container port connection closed unexpectedly.",
    code: "CONNECTION_LOST",
  },
  { text: "Container failed to start", code: "START_FAILED" },
  {
    text: "No such image available named cloudflare-dev/app:1a2b3c4d",
    code: "START_FAILED",
  },
  {
    text: "Create container failed with [500] no space left on device",
    code: "START_FAILED",
  },
  {
    text: "Starting container failed with: no such file",
    code: "START_FAILED",
  },
  {
    text: "Failed to create the networking sidecar [500] oops",
    code: "START_FAILED",
  },
  {
    text: "Starting network sidecar container failed with: 500",
    code: "START_FAILED",
  },
  {
    text: "start() cannot be called on a container that is already running.",
    code: "START_CONFLICT",
  },
  { text: "Container already started", code: "START_CONFLICT" },
  { text: "Container already exists", code: "START_CONFLICT" },
  {
    text: "monitor() cannot be called on a container that is not running.",
    code: "NOT_RUNNING",
  },
  {
    text: "signal() cannot be called on a container that is not running.",
    code: "NOT_RUNNING",
  },
  {
    text: "exec() cannot be called on a container that is not running.",
    code: "NOT_RUNNING",
  },
  { text: "exec() requires a running container.", code: "NOT_RUNNING" },
  { text: "Monitor failed to find container", code: "NOT_RUNNING" },
  { text: "Container exited with unexpected exit code: 3", code: "EXITED" },
];

/** Texts of production, as users report them. */
export const PRODUCTION: readonly FaultSample[] = [
  {
    text: "The container is not listening in the TCP address 10.0.0.1:8080",
    code: "NOT_LISTENING",
  },
  {
    text: "The container is not running, consider calling start()",
    code: "NOT_RUNNING",
  },
  {
    text: "There is no container instance that can be provided to this Durable Object, try again later",
    code: "NO_INSTANCE",
  },
  {
    text: "The container service is unreachable, try again later",
    code: "NO_INSTANCE",
  },
  {
    text: "Maximum number of running container instances exceeded. Try again later, or try configuring a higher value for max_instances",
    code: "MAX_INSTANCES",
  },
  {
    text: "You are requesting too many containers per second",
    code: "RATE_LIMITED",
  },
  { text: "DURABLE_OBJECT_NOT_CONTAINER_ENABLED", code: "NO_CONTAINER" },
  { text: "Runtime signalled the container to exit: 15", code: "EXITED" },
  {
    text: "Runtime signalled the container to exit due to a new version rollout: 0",
    code: "EXITED",
  },
  {
    text: "Container exited with unexpected exit code: 137 (out of memory)",
    code: "EXITED",
  },
  {
    text: "Durable Object reset because its code was updated.",
    code: "OBJECT_RESET",
  },
  { text: "Durable Object's code has been updated", code: "OBJECT_RESET" },
  {
    text: "This script has been upgraded. Please send a new request to connect to the new version.",
    code: "OBJECT_RESET",
  },
  {
    text: "Durable Object's isolate exceeded its memory limit and was reset.",
    code: "OBJECT_RESET",
  },
  {
    text: "Durable Object storage operation exceeded timeout which caused object to be reset.",
    code: "OBJECT_RESET",
  },
  {
    text: "internal error while starting up durable object storage caused object to be reset",
    code: "OBJECT_RESET",
  },
  {
    text: "Durable Object is overloaded. Requests queued for too long.",
    code: "OVERLOADED",
  },
  {
    text: "Cannot resolve Durable Object due to transient issue on remote node.",
    code: "UNAVAILABLE",
  },
];

/** Production's, known by fragments or by meaning only: the full sentence has not been seen. */
export const EXPECTED: readonly FaultSample[] = [
  { text: "no container application assigned", code: "NO_CONTAINER" },
  { text: "no application that matches", code: "NO_CONTAINER" },
  { text: "ImagePullError", code: "START_FAILED" },
  { text: "ran out of memory", code: "EXITED" },
  {
    text: "The container image is being prepared, try again later",
    code: "IMAGE_PREPARING",
  },
  { text: "Image is not ready", code: "IMAGE_PREPARING" },
];

/** Texts that the peer makes of those, met where its answers are forwarded. */
export const WRAPPED: readonly FaultSample[] = [
  {
    text: "Failed to start container: Maximum number of running container instances exceeded",
    code: "MAX_INSTANCES",
  },
  {
    text: "Error proxying request to container: The container is not listening in the TCP address 10.0.0.1:8000",
    code: "NOT_LISTENING",
  },
  {
    text: "Error proxying request to container: The container is not running, consider calling start()",
    code: "NOT_RUNNING",
  },
  {
    text: "Container suddenly disconnected, try again",
    code: "CONNECTION_LOST",
  },
  {
    text: "Container crashed while checking for ports, did you start the container and setup the entrypoint correctly?",
    code: "EXITED",
  },
  { text: "Container request aborted.", code: "ABORTED" },
  { text: "The operation was aborted", code: "ABORTED" },
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
