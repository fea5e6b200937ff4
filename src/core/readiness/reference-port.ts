/** Nothing listens here (tcpmux): `tcp()` asks it to see that the runtime tells of ports by now. */
export const REFERENCE_PORT = 1;
