const SPACE = /[ \t\r\n]*/y;
const SCALAR = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const NAME = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"[ \t\r\n]*:/y;

/** The place of the first character that no JSON has there, or the length of a text that ends too soon; undefined: it is JSON. */
export function jsonFault(text: string): number | undefined {
  let at = 0;
  const closing: string[] = [];
  const take = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (!found) return false;
    at += found[0].length;
    return true;
  };
  /** From a value to what comes after it, or into the containers that it begins with; false: there is no value here. */
  const value = (): boolean => {
    while (text[at] === '{' || text[at] === '[') {
      closing.push(text[at] === '{' ? '}' : ']');
      at++;
      take(SPACE);
      if (text[at] === closing.at(-1)) return true;
      if (closing.at(-1) === '}' && !take(NAME)) return false;
      take(SPACE);
    }
    return take(SCALAR);
  };
  take(SPACE);
  if (!value()) return at;
  while (closing.length > 0) {
    take(SPACE);
    const next = text[at];
    if (next === closing.at(-1)) {
      at++;
      closing.pop();
    } else if (next === ',') {
      at++;
      take(SPACE);
      if (closing.at(-1) === '}' && !take(NAME)) return at;
      take(SPACE);
      if (!value()) return at;
    } else {
      return at;
    }
  }
  take(SPACE);
  return at === text.length ? undefined : at;
}
