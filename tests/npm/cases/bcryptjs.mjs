// Passwords as hashes; at the lowest cost, as it all happens in JavaScript.
import bcrypt from "bcryptjs";

export const expected = { known: true, wrong: false, own: "$2b$04$" };

export default async () => {
  // Made by another implementation.
  const known = "$2b$04$YKrsUDot8PUg4nvYm6aAGed0d.39HMJGwV1L7IPqkmtTUmpCYLshW";
  return {
    known: await bcrypt.compare("correct horse", known),
    wrong: await bcrypt.compare("correct house", known),
    own: (await bcrypt.hash("secret", 4)).slice(0, 7),
  };
};
