import fc from "fast-check";

// A mutant that some histories kill and others do not would come and go; and nobody reads how
// short a history could have killed it.
fc.configureGlobal({ seed: 1, endOnFailure: true });
