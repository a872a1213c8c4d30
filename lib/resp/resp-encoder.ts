/** Commands to what is written. Source: RESP, "Sending commands to a Redis server": an array of bulk strings. */

/** One word of a command. A string is written in UTF-8, a number as JavaScript writes it. */
export type RedisArgument = string | number | bigint | Uint8Array;

/**
 * `args` as they go over the wire: a string that is to be written in UTF-8 where no argument is bytes, so that many commands are joined and
 * written at once for little; else bytes. A lone surrogate is written as U+FFFD.
 *
 * @throws TypeError where there is no argument, or one is NaN or of another type. No argument is shown.
 */
export function encodeCommand(args: readonly RedisArgument[]): string | Uint8Array {
  if (args.length === 0) throw new TypeError('Expected a command of at least one argument; got none');
  let text = `*${args.length}`;
  for (let index = 0; index < args.length; index++) {
    const argument = args[index] as RedisArgument;
    if (argument instanceof Uint8Array) return encodeBytes(args);
    const word = typeof argument === 'string' ? argument : wordOf(argument, index);
    // Put together in this way, not as one template: that is a tenth faster.
    text += '\r\n$' + Buffer.byteLength(word) + '\r\n' + word;
  }
  return text + '\r\n';
}

function wordOf(argument: unknown, index: number): string {
  if (typeof argument === 'string') return argument;
  if (typeof argument === 'bigint' || (typeof argument === 'number' && !Number.isNaN(argument))) return String(argument);
  const kind = typeof argument === 'number' ? 'NaN' : argument === null ? 'null' : typeof argument;
  throw new TypeError(`Expected a string, a number, a bigint or a Uint8Array as argument ${index} of a command; got ${kind}`);
}

function encodeBytes(args: readonly RedisArgument[]): Uint8Array {
  const parts: (string | Uint8Array)[] = [];
  let bytes = 0;
  let text = `*${args.length}\r\n`;
  const endText = (): void => {
    bytes += Buffer.byteLength(text);
    parts.push(text);
  };
  for (const [index, argument] of args.entries()) {
    if (argument instanceof Uint8Array) {
      text += `$${argument.length}\r\n`;
      endText();
      parts.push(argument);
      bytes += argument.length;
      text = '\r\n';
    } else {
      const word = wordOf(argument, index);
      text += `$${Buffer.byteLength(word)}\r\n${word}\r\n`;
    }
  }
  endText();
  const whole = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const part of parts) {
    if (typeof part === 'string') at += whole.write(part, at);
    else {
      whole.set(part, at);
      at += part.length;
    }
  }
  return whole;
}
