// The job's parameters: texts, read as the pipeline declares them.
import { parseDay, parseInstant } from './time.js';
import { columnName, type Field } from './fields.js';
import { isInt64 } from './monoids/sum.js';

/** A parameter that is missing, invalid or unknown. */
export class ParamError extends Error {
  override readonly name = 'ParamError';
}

function parse({ kind, integers }: Field<unknown>, text: string): unknown {
  switch (kind) {
    case 'utf8':
    case 'json':
      return text;
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : undefined;
    case 'float64':
      return text.trim() === '' || Number.isNaN(Number(text)) ? undefined : Number(text);
    case 'timestamp':
      return parseInstant(text);
    case 'date':
      return parseDay(text);
    case 'int64': {
      if (!/^[+-]?\d+$/.test(text)) return undefined;
      const exact = BigInt(text.replace(/^\+/, ''));
      const number = Number(exact);
      if (integers === 'bigint') return isInt64(exact) ? exact : undefined;
      if (Number.isSafeInteger(number)) return number;
      return integers === 'exact' && isInt64(exact) ? exact : undefined;
    }
    case 'binary':
      return undefined;
  }
}

/** The parameters by the names of their declarations. Throws a ParamError if one is missing, invalid or unknown. */
export function readParams(
  declared: Readonly<Record<string, Field<unknown>>>,
  given: readonly (readonly [string, string])[],
): Record<string, unknown> {
  const texts = new Map<string, string>();
  for (const [name, text] of given) {
    if (texts.has(name)) throw new ParamError(`the parameter ${name} is given twice`);
    texts.set(name, text);
  }
  const params: Record<string, unknown> = {};
  const names: string[] = [];
  for (const [property, field] of Object.entries(declared)) {
    const name = columnName(property);
    names.push(name);
    const text = texts.get(name);
    texts.delete(name);
    if (text !== undefined) {
      const value = parse(field, text);
      if (value === undefined) {
        throw new ParamError(`the parameter ${name} = ${JSON.stringify(text)} is of no use: not of kind ${field.kind}`);
      }
      params[property] = value;
    } else if (field.fallback !== undefined) {
      params[property] = field.fallback;
    } else if (field.nullable) {
      params[property] = null;
    } else {
      throw new ParamError(`the parameter ${name} is missing`);
    }
  }
  for (const name of texts.keys()) {
    const known = names.length === 0 ? 'the pipeline takes none' : `the pipeline takes ${names.join(', ')}`;
    throw new ParamError(`the parameter ${name} is not known; ${known}`);
  }
  return params;
}
