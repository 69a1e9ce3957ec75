// Is this text one of those?
import validator from "validator";

export const expected = {
  email: [true, false],
  url: true,
  iban: true,
  card: true,
  ip: [true, false],
  escape: "&lt;b&gt;",
  json: false,
};

export default () => ({
  email: [validator.isEmail("ann@example.com"), validator.isEmail("ann@")],
  url: validator.isURL("https://example.com/a?b=c"),
  iban: validator.isIBAN("DE89370400440532013000"),
  card: validator.isCreditCard("4111 1111 1111 1111"),
  ip: [validator.isIP("2001:db8::1"), validator.isIP("1.2.3")],
  escape: validator.escape("<b>"),
  json: validator.isJSON("{a}"),
});
