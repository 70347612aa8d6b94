// Modules that the build and the engine give.

declare module '@backfold/entry' {
  const entry: import('../pipeline.js').AnyPipeline;
  export default entry;
}

declare module 'wasi:cli/stdout@0.2.6' {
  const stdout: { getStdout(): { blockingWriteAndFlush(bytes: Uint8Array): void } };
  export default stdout;
}

declare module 'wasi:cli/stderr@0.2.6' {
  const stderr: { getStderr(): { blockingWriteAndFlush(bytes: Uint8Array): void } };
  export default stderr;
}
