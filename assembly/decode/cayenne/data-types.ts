import { METRIC_NAME_BYTES_MAX } from '../../abi/limits';

// Data types of the Cayenne Low Power Payload, and the later ones that its encoders write: all numbers are big-endian.

const AXES_NONE: u8 = 0;
const AXES_XYZ: u8 = 1;
const AXES_PLACE: u8 = 2;
const AXES_COLOUR: u8 = 3;

/** In place of a divisor: the number is the time of the message, seconds of the Unix epoch. */
export const TYPE_TIME: u32 = 0;

export let typeBytes: u32 = 0;
export let typeAxes: u32 = 0;
export let typeIsSigned: bool = false;
export let typeDivisor: u32 = 0;
export let typeName: string = '';
let typeAxisNames: u8 = AXES_NONE;

function set(name: string, bytes: u32, isSigned: bool, divisor: u32, axes: u32 = 1, axisNames: u8 = AXES_NONE): bool {
  assert(<u32>name.length + 4 < METRIC_NAME_BYTES_MAX, 'the name of a type leaves no room for its channel');
  typeName = name;
  typeBytes = bytes;
  typeIsSigned = isSigned;
  typeDivisor = divisor;
  typeAxes = axes;
  typeAxisNames = axisNames;
  return true;
}

/** Finds what a type's bytes mean; false: there is no such type. */
export function findType(type: u32): bool {
  switch (type) {
    case 0:
      return set('digital_in', 1, false, 1);
    case 1:
      return set('digital_out', 1, false, 1);
    case 2:
      return set('analog_in', 2, true, 100);
    case 3:
      return set('analog_out', 2, true, 100);
    case 100:
      return set('generic', 4, false, 1);
    case 101:
      return set('luminosity', 2, false, 1);
    case 102:
      return set('presence', 1, false, 1);
    case 103:
      return set('temperature', 2, true, 10);
    case 104:
      return set('relative_humidity', 1, false, 2);
    case 113:
      return set('accelerometer', 2, true, 1000, 3, AXES_XYZ);
    case 115:
      return set('barometric_pressure', 2, false, 10);
    case 116:
      return set('voltage', 2, false, 100);
    case 117:
      return set('current', 2, false, 1000);
    case 118:
      return set('frequency', 4, false, 1);
    case 120:
      return set('percentage', 1, false, 1);
    case 121:
      return set('altitude', 2, true, 1);
    case 125:
      return set('concentration', 2, false, 1);
    case 128:
      return set('power', 2, false, 1);
    case 130:
      return set('distance', 4, false, 1000);
    case 131:
      return set('energy', 4, false, 1000);
    case 132:
      return set('direction', 2, false, 1);
    case 133:
      return set('unix_time', 4, false, TYPE_TIME);
    case 134:
      return set('gyrometer', 2, true, 100, 3, AXES_XYZ);
    case 135:
      return set('colour', 1, false, 1, 3, AXES_COLOUR);
    case 136:
      return set('gps', 3, true, 10000, 3, AXES_PLACE);
    case 142:
      return set('switch', 1, false, 1);
    default:
      return false;
  }
}

/** Name of one of the type's numbers, or '' when it has one alone. */
export function axisName(axis: u32): string {
  if (typeAxisNames == AXES_XYZ) return axis == 0 ? 'x' : axis == 1 ? 'y' : 'z';
  if (typeAxisNames == AXES_COLOUR) return axis == 0 ? 'r' : axis == 1 ? 'g' : 'b';
  if (typeAxisNames == AXES_PLACE) return axis == 0 ? 'latitude' : axis == 1 ? 'longitude' : 'altitude';
  return '';
}

/** What to divide a number by: of a place, the altitude has hundredths. */
export function divisorOf(axis: u32): u32 {
  return typeAxisNames == AXES_PLACE && axis == 2 ? 100 : typeDivisor;
}
