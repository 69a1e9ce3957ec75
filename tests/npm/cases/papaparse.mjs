// CSV, both ways.
import Papa from "papaparse";

export const expected = {
  rows: [{ name: "Ann, Dr.", age: 30 }, { name: "B \"Bob\"", age: 20 }],
  errors: 0,
  text: "a,b\r\n1,\"x,y\"\r\n",
  many: 5000,
};

export default () => {
  const read = Papa.parse('name,age\n"Ann, Dr.",30\n"B ""Bob""",20\n', {
    header: true, dynamicTyping: true, skipEmptyLines: true,
  });
  const long = Array.from({ length: 5000 }, (_, n) => `${n},row ${n}`).join("\n");
  return {
    rows: read.data,
    errors: read.errors.length,
    text: `${Papa.unparse([{ a: 1, b: "x,y" }])}\r\n`,
    many: Papa.parse(long).data.length,
  };
};
