/** The image of the contract's app, by its reference. */
export const IMAGE = "berth-test-contract:latest";
