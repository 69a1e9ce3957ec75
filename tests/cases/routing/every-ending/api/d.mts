export default (): string => 'd'
