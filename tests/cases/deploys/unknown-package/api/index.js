import pad from 'left-pad'
export default () => pad('x')
