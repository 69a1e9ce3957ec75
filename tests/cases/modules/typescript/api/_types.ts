export type Shape = { kind: Kind; side: number }
export interface Named { show(): string }
export enum Kind { Square = 'square' }
export const area = ({ side }: Shape): number => side ** 2
