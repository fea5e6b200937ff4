/** What a call gets whose object went away under it, or whose connection broke. */
export function lostConnection(): Error {
  return Object.assign(new Error("Network connection lost."), { retryable: true });
}

/** What a call gets of an object that was given up by its own code. */
export function aborted(reason = "Application called abort() to reset Durable Object."): Error {
  return Object.assign(new Error(reason), { durableObjectReset: true });
}

/** What a call gets whose object is reset by a deploy. */
export function codeUpdated(): Error {
  const error = new Error("Durable Object reset because its code was updated.");
  return Object.assign(error, { durableObjectReset: true, retryable: true });
}

/** What a call gets that the object has no room for. */
export function overloaded(): Error {
  const error = new Error("Durable Object is overloaded. Too many requests queued.");
  return Object.assign(error, { overloaded: true, retryable: false });
}

/** What a call gets whose object blocked others for too long. */
export function blockedTooLong(): Error {
  return new Error(
    "A call to blockConcurrencyWhile() in a Durable Object waited for too long. The call was canceled and the Durable Object was reset.",
  );
}

/** What a call gets whose object could not write. */
export function storageFailed(): Error {
  return new Error("Durable Object storage operation failed and caused the object to be reset.");
}
