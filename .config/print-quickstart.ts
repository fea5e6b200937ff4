// What `npm start` shows first.
console.log(`
Two sessions get a container each. When wrangler says "Ready", try in another terminal:

  curl http://localhost:8787/ -H 'content-type: application/json' -d '{"session-id":"alice"}'
  curl http://localhost:8787/ -H 'session-id: bob'
`);
