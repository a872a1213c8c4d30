/** What `make` gives, made when it is first asked for, and once. For what is constant and costs too much to be made at every start. */
export function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
