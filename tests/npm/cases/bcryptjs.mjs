// Passwords as hashes; at a low cost, as it counts in JavaScript.
import bcrypt from "bcryptjs";

export const expected = {
  known: [true, false],
  own: true,
  rounds: 4,
};

export default async () => {
  const known = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
  const own = await bcrypt.hash("secret", 4);
  return {
    known: [await bcrypt.compare("U*U", known), await bcrypt.compare("U*u", known)],
    own: bcrypt.compareSync("secret", own),
    rounds: bcrypt.getRounds(own),
  };
};
