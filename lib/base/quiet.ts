const ignoreRejection = (): void => {};

/** The same promise. A caller that goes away without awaiting it is not hit by an unhandled rejection. */
export function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(ignoreRejection);
  return promise;
}

/** What `ask` comes to; what it throws is a rejection. {@link quiet}. */
export function settled<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return quiet(ask());
  } catch (error) {
    return quiet(Promise.reject(error));
  }
}
