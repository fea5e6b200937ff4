/**
 * Gives a container a short name that stays the same over its runs: its class and the beginning
 * of its Durable Object's id.
 *
 * @param container as workerd names it: workerd-SESSION-WORKER-CLASS-ID
 * @returns as "Session 3f9a2c"; the container's own name when it has another form
 */
export function instanceName(container: string): string {
  const match = /-?([^-]+)-([0-9a-f]{64})$/.exec(container);
  if (match?.[1] === undefined || match[2] === undefined) return container;
  return `${match[1]} ${match[2].slice(0, 6)}`;
}
