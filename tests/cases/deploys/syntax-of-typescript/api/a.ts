export default (a: string): string => {
  let b: number = ;
}
