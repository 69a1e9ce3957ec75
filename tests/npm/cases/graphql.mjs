// Queries over a schema.
import { buildSchema, graphql } from "graphql";

const schema = buildSchema(`
  type User { id: ID!, name: String!, friends: [User!]! }
  type Query { user(id: ID!): User }
`);
const users = { 1: { id: "1", name: "Ann", friends: ["2"] }, 2: { id: "2", name: "Bob", friends: [] } };
const user = (id) => users[id] && { ...users[id], friends: () => users[id].friends.map(user) };

export const expected = {
  data: { user: { name: "Ann", friends: [{ name: "Bob" }] } },
  wrong: "Cannot query field \"age\" on type \"User\". Did you mean \"name\"?",
};

export default async () => {
  const ask = (source) => graphql({ schema, source, rootValue: { user: ({ id }) => user(id) } });
  return {
    data: (await ask("{ user(id: 1) { name friends { name } } }")).data,
    wrong: (await ask("{ user(id: 1) { age } }")).errors[0].message,
  };
};
