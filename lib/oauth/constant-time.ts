/** Whether two texts are the same, in a time that depends on the length of the second one only: how much of a guess is right does not show. */
export function isSameText(known: string, guess: string): boolean {
  let difference = known.length ^ guess.length;
  for (let index = 0; index < guess.length; index++) difference |= (known.charCodeAt(index) || 0) ^ guess.charCodeAt(index);
  return difference === 0;
}
