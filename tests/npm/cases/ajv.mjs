// JSON Schema, compiled to a function from text.
import Ajv from "ajv";

const validate = new Ajv({ allErrors: true }).compile({
  type: "object",
  properties: { id: { type: "integer", minimum: 1 }, tags: { type: "array", uniqueItems: true } },
  required: ["id"],
  additionalProperties: false,
});

export const expected = {
  good: true,
  bad: ["/id must be >= 1", "/tags must NOT have duplicate items (items ## 0 and 1 are identical)"],
  missing: "must have required property 'id'",
};

export default () => {
  const good = validate({ id: 1, tags: ["a"] });
  validate({ id: 0, tags: [1, 1] });
  const bad = validate.errors.map((error) => `${error.instancePath} ${error.message}`);
  validate({});
  return { good, bad, missing: validate.errors[0].message };
};
