export default () => [typeof WritableStream, typeof TransformStream, typeof CompressionStream, typeof ReadableStream.prototype.pipeTo, typeof ReadableStream.prototype.pipeThrough]
