/** Exact division of numbers as they are written in JSON: in decimal, not as the nearest binary fraction. */

/** A number as digits and a power of ten: `digits × 10^exponent`. */
interface Decimal {
  readonly digits: bigint;
  readonly exponent: number;
}

const DECIMAL_FORM = /^-?(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/;

/** The shortest decimal that means `value`, its sign left out. */
function decimalOf(value: number): Decimal {
  const [, whole = '0', fraction = '', exponent = '0'] = DECIMAL_FORM.exec(String(value)) ?? [];
  return { digits: BigInt(whole + fraction), exponent: Number(exponent) - fraction.length };
}

/** Whether `value` is a whole multiple of `divisor`, which is greater than 0. False for what is not finite. */
export function isMultipleOf(value: number, divisor: number): boolean {
  if (Number.isSafeInteger(value) && Number.isSafeInteger(divisor)) return value % divisor === 0;
  if (!Number.isFinite(value)) return false;
  const dividend = decimalOf(value);
  const by = decimalOf(divisor);
  // No exponent of a double is beyond 324, so neither power has more than some 650 digits.
  const shift = dividend.exponent - by.exponent;
  if (shift >= 0) return (dividend.digits * 10n ** BigInt(shift)) % by.digits === 0n;
  return dividend.digits % (by.digits * 10n ** BigInt(-shift)) === 0n;
}

/** The next greater double. */
export function nextUp(value: number): number {
  if (value === 0) return Number.MIN_VALUE;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  view.setBigInt64(0, view.getBigInt64(0) + (value > 0 ? 1n : -1n));
  return view.getFloat64(0);
}
