// What the functions here use of the node, for editors; it is not deployed.

type Visit = Request & {
  params: Record<string, string>;
  query: Record<string, string>;
  body: unknown;
};

type User = { id: string; name: string; email?: string; roles: string[] };

type Page<T> = T[] & { cursor?: string };

declare const fazt: {
  app: { user: { ds: Documents } };
  auth: {
    getUser(): User | null;
    requireLogin(): User;
    getLoginURL(): string;
    getLogoutURL(): string;
  };
};

interface Documents {
  insert(collection: string, document: object): string;
  find<T>(
    collection: string,
    query?: object,
    options?: { sort?: string; limit?: number; cursor?: string },
  ): Page<T>;
  findOne<T>(collection: string, query: string | object): T | undefined;
  update(collection: string, query: string | object, update: object): number;
  delete(collection: string, query: string | object): number;
}
