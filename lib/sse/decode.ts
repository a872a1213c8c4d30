const REPLACEMENT = '\ufffd';

const lenient = new TextDecoder('utf-8', { ignoreBOM: true });
const strict = makeStrictDecoder();

// Node 20 has two decoders for UTF-8: one that is many times faster for ASCII, and from the first call that does not end a stream on, one that
// is twice as fast for everything else. What is strict here is what is not ASCII.
function makeStrictDecoder(): InstanceType<typeof TextDecoder> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  decoder.decode(new Uint8Array(0), { stream: true });
  return decoder;
}

/** The text of `bytes`, U+FFFD for what is not UTF-8. Fast for ASCII. */
export function decodeLeniently(bytes: Uint8Array): string {
  return lenient.decode(bytes);
}

/** The text of `bytes`, or undefined when they are not UTF-8. */
export function decodeStrictly(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}

/** The text of `bytes` when they are all ASCII, so that an index into one is an index into the other; else undefined. */
export function decodeASCII(bytes: Uint8Array): string | undefined {
  const text = lenient.decode(bytes);
  return text.length === bytes.length && !text.includes(REPLACEMENT) ? text : undefined;
}
