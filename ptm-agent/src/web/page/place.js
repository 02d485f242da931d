// Places in the server's event stream: `INSTANCE-NUMBER`, both hexadecimal, perhaps with more behind. Pure.

/** @param {string} text a cursor, or an event's ID */
function parse(text) {
  const [instance, number] = text.split('-');
  return { instance, number: Number.parseInt(number, 16) };
}

/** @returns {boolean} whether the second place is of the same server as the first, and not before it */
export function reaches(from, to) {
  const [one, other] = [parse(from), parse(to)];
  return one.instance === other.instance && one.number <= other.number;
}
