// JSON whose numbers stay as they are written. A JavaScript number would not do:
// 0.1 and 0.2 make 0.30000000000000004, and an account number of 17 digits ends in
// others.

/** A number in JSON, as a text. */
export class Exact {
  constructor(text) {
    if (!/^(0|[1-9]\d*)(\.\d+)?$/.test(text)) throw new RangeError(`${text} is no number like 12 or 12.50`);
    this.text = text;
  }
}

/** A value as JSON, each Exact in it as a number. */
export function write(value) {
  if (value instanceof Exact) return value.text;
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}:${write(member)}`);
  return `{${members.join(',')}}`;
}

/** What a JSON text says, each number in it as a text. */
export function read(json) {
  const tokens = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
  return JSON.parse(json.replace(tokens, (token) => (token.startsWith('"') ? token : `"${token}"`)));
}

/** The sum of numbers like '50' and '4.875', as a text without needless zeros. */
export function sum(numbers) {
  const places = Math.max(0, ...numbers.map((n) => (n.split('.')[1] ?? '').length));
  const units = numbers.map((n) => {
    const [whole, fraction = ''] = n.split('.');
    return BigInt(whole + fraction.padEnd(places, '0'));
  });
  const total = String(units.reduce((all, n) => all + n, 0n)).padStart(places + 1, '0');
  if (places === 0) return total;
  return `${total.slice(0, -places)}.${total.slice(-places)}`.replace(/\.?0+$/, '');
}
