/** A form of a server, filled in at the terminal field by field. */

import type { ElicitationContent, ElicitationField, ElicitationValue, FormElicitation, FormElicitationAnswer } from '../index.ts';
import { askForOne } from './conversation.ts';
import type { Conversation } from './conversation.ts';
import { readFieldValue } from './field-value.ts';
import type { FieldValue } from './field-value.ts';
import { indent, printableBlock, printableJSON, printableLine } from './printable.ts';

/** What is written for a text without characters, as an empty line stands for no answer. */
export const EMPTY_TEXT = '""';

/** The schema of one field, as the server sent it. */
export function schemaOf({ requestedSchema }: FormElicitation, { name }: ElicitationField): unknown {
  const { properties } = requestedSchema;
  return typeof properties === 'object' && properties !== null && Object.hasOwn(properties, name) ? Reflect.get(properties, name) : {};
}

/**
 * Shows the form, asks for the fields that are not in `given`, and has what will be sent confirmed.
 *
 * @param who The server as the command line names it, escaped.
 */
export async function askForm(form: FormElicitation, who: string, given: ReadonlyMap<string, ElicitationValue>, conversation: Conversation): Promise<FormElicitationAnswer> {
  conversation.say('', `The server ${who} asks:`, indent(printableBlock(form.message)), `  What you answer goes to it: give it no passwords and no keys.`);
  const begin = await askForOne(conversation, 'Answer it? yes, no, cancel: ', ['yes', 'no', 'cancel']);
  if (begin !== 'yes') return { action: begin === 'no' ? 'decline' : 'cancel' };
  for (;;) {
    const values = await askFields(form, given, conversation);
    if (values === undefined) return { action: 'cancel' };
    conversation.say(`To be sent to ${who}:`, ...(values.size === 0 ? ['  nothing'] : [...values].map(([name, value]) => `  ${printableLine(name)}: ${printableJSON(value)}`)));
    const end = await askForOne(conversation, 'Send it? yes, no, cancel, again: ', ['yes', 'no', 'cancel', 'again']);
    if (end === 'yes') return { action: 'accept', content: contentOf(values) };
    if (end !== 'again') return { action: end === 'no' ? 'decline' : 'cancel' };
  }
}

/** Own members, whatever a server calls them. */
export function contentOf(values: ReadonlyMap<string, ElicitationValue>): ElicitationContent {
  return Object.fromEntries(values);
}

async function askFields(form: FormElicitation, given: ReadonlyMap<string, ElicitationValue>, conversation: Conversation): Promise<Map<string, ElicitationValue> | undefined> {
  const values = new Map<string, ElicitationValue>();
  for (const field of form.fields) {
    const known = given.get(field.name);
    const answer = known === undefined ? await askField(form, field, conversation) : { value: known };
    if (answer === 'gone') return undefined;
    if (answer !== 'nothing') values.set(field.name, answer.value);
  }
  return values;
}

async function askField(form: FormElicitation, field: ElicitationField, conversation: Conversation): Promise<{ readonly value: ElicitationValue } | 'nothing' | 'gone'> {
  conversation.say(...describeField(field));
  for (;;) {
    const text = await conversation.ask(promptFor(field));
    if (text === undefined) return 'gone';
    if (text === '' && field.default !== undefined) return { value: field.default };
    if (text === '' && !field.required) return 'nothing';
    const answer = text === '' ? NEEDED : readFieldValue(field, text === EMPTY_TEXT ? '' : text, schemaOf(form, field), 'number');
    if ('value' in answer) return answer;
    conversation.say(`    ${answer.problem}`);
  }
}

const NEEDED: FieldValue = { problem: 'this one is required' };

/** The lines above a question: what it is about, and what can be chosen. */
export function describeField(field: ElicitationField): string[] {
  const name = printableLine(field.title ?? field.name);
  const description = field.description === undefined ? [] : [indent(printableBlock(field.description), '    ')];
  const choices = 'choices' in field ? field.choices.map(({ title }, index) => `    ${index + 1}  ${printableLine(title)}`) : [];
  return [`  ${name} (${[kindOf(field), ...(field.required ? ['required'] : [])].join(', ')})`, ...description, ...choices];
}

function kindOf(field: ElicitationField): string {
  if (field.type === 'string') return field.format === undefined ? 'text' : printableLine(field.format);
  if (field.type === 'integer') return 'whole number';
  if (field.type === 'boolean') return 'yes or no';
  if (field.type === 'choice') return 'one number';
  return field.type === 'choices' ? 'numbers, with commas between them' : 'number';
}

function promptFor(field: ElicitationField): string {
  return `  ${field.default === undefined ? '' : `[${shownDefault(field)}] `}> `;
}

function shownDefault(field: ElicitationField): string {
  const preset = field.default;
  if ('choices' in field) {
    const numbers = [preset].flat().map((value) => field.choices.findIndex((choice) => choice.value === value) + 1);
    return numbers.join(',');
  }
  if (typeof preset === 'boolean') return preset ? 'yes' : 'no';
  return printableLine(String(preset));
}
