import { usageFailure } from './failure.ts';

/**
 * What the variable holds that an option names, so that a secret stands neither in the shell's history nor in the list of processes.
 *
 * @throws Failure `ERR_CLI_USAGE` where it is not set, or empty. The name is not shown: somebody may have put the secret itself there.
 */
export function readSecretVariable(option: string, variable: string, environment: Readonly<Record<string, string | undefined>>): string {
  const value = Object.hasOwn(environment, variable) ? environment[variable] : undefined;
  if (value !== undefined && value !== '') return value;
  throw usageFailure(`${option}: the variable of this shell that is named there is not set, or empty`);
}
