/** What a server asks the user for. Source: MCP, client, "Elicitation"; `schema.ts`, ElicitRequest, PrimitiveSchemaDefinition, ElicitResult. */

import type { JSONObject } from '../../base/json.ts';

/** What every field of a form has. All texts are the server's: hostile, and to be shown as plain text. */
export interface ElicitationFieldBase {
  /** The member of `content` that the answer goes to. */
  readonly name: string;
  /** For a person to read; the name where there is none. */
  readonly title: string | undefined;
  readonly description: string | undefined;
  /** Whether a form without it cannot be accepted. */
  readonly required: boolean;
}

/** One line, or several, of text. */
export interface ElicitationTextField extends ElicitationFieldBase {
  readonly type: 'string';
  /** `email`, `uri`, `date` and `date-time` are what the protocol names; others may come. */
  readonly format: string | undefined;
  /** In Unicode characters. */
  readonly minLength: number | undefined;
  /** In Unicode characters. */
  readonly maxLength: number | undefined;
  /** A regular expression that has to match somewhere in the text. */
  readonly pattern: string | undefined;
  readonly default: string | undefined;
}

/** A number; `integer` for a whole one. */
export interface ElicitationNumberField extends ElicitationFieldBase {
  readonly type: 'number' | 'integer';
  readonly minimum: number | undefined;
  readonly maximum: number | undefined;
  readonly default: number | undefined;
}

/** Yes or no. */
export interface ElicitationBooleanField extends ElicitationFieldBase {
  readonly type: 'boolean';
  readonly default: boolean | undefined;
}

/** One of the values that can be chosen. */
export interface ElicitationChoice {
  /** What is sent. */
  readonly value: string;
  /** What is shown: the server's title, or the value where it has none. */
  readonly title: string;
}

/** One of several values. */
export interface ElicitationChoiceField extends ElicitationFieldBase {
  readonly type: 'choice';
  readonly choices: readonly ElicitationChoice[];
  readonly default: string | undefined;
}

/** Any number of several values; since 2025-11-25. */
export interface ElicitationChoicesField extends ElicitationFieldBase {
  readonly type: 'choices';
  readonly choices: readonly ElicitationChoice[];
  readonly minItems: number | undefined;
  readonly maxItems: number | undefined;
  readonly default: readonly string[] | undefined;
}

/** One field of a form. */
export type ElicitationField =
  | ElicitationTextField
  | ElicitationNumberField
  | ElicitationBooleanField
  | ElicitationChoiceField
  | ElicitationChoicesField;

/** A form to be filled in by the user. Frozen, with all in it. */
export interface FormElicitation {
  readonly mode: 'form';
  /** Why the server asks. Hostile, like everything a peer sends. */
  readonly message: string;
  /** The fields, in the order of the schema. */
  readonly fields: readonly ElicitationField[];
  /** The schema as it came, with keywords that {@link FormElicitation.fields} does not show. */
  readonly requestedSchema: JSONObject;
}

/** A page that the user is to visit. Nothing of it was fetched. Frozen. */
export interface URLElicitation {
  readonly mode: 'url';
  /** Why the server asks. Hostile, like everything a peer sends. */
  readonly message: string;
  /** The URL exactly as it came. It may hold characters that look like others: show and open {@link URLElicitation.href}. */
  readonly url: string;
  /** The same URL as the platform writes it, in ASCII with nothing hidden: to be shown whole before consent, and to be opened after it. */
  readonly href: string;
  /** Scheme, host and port. */
  readonly origin: string;
  /** The host name in ASCII: to be shown with emphasis. */
  readonly hostname: string;
  /** Whether a label of the host name is in Punycode, so that it may look like another name: to be warned of. */
  readonly isPunycode: boolean;
  /** Names it in `elicitationCompleted`; `undefined` where the server gave none, as from 2026-07-28 on. */
  readonly elicitationId: string | undefined;
}

/** {@link URLElicitation} as an error brings it: always with an id. */
export interface RequiredURLElicitation extends URLElicitation {
  readonly elicitationId: string;
}

/** What a field can be answered with. */
export type ElicitationValue = string | number | boolean | readonly string[];

/** The user's answers by the names of their fields. One that is left out, or `undefined`, takes its field's default. */
export type ElicitationContent = Readonly<Record<string, ElicitationValue | undefined>>;

/** What the user made of a request. `decline`: said no; `cancel`: went away without saying anything. */
export type ElicitationAction = 'accept' | 'decline' | 'cancel';
