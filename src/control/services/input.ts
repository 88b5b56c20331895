import { textSchema } from '../../http/input.js';
import { deviceIdProblem } from '../registry/device-id.js';

/** A name that can stand in a user name of MQTT and in a path. */
export const serviceNameSchema = textSchema(deviceIdProblem);
