import {
  CODE_CAYENNE_MALFORMED,
  CODE_CAYENNE_TYPE_UNKNOWN,
  CODE_CBOR_MALFORMED,
  CODE_CBOR_UNSUPPORTED,
  CODE_LINE_MALFORMED,
  CODE_MSGPACK_MALFORMED,
  CODE_PROTOBUF_MALFORMED,
  CODE_PROTOBUF_MESSAGE_REPEATED,
  CODE_PROTOBUF_PLAN_MISSING,
  CODE_SENML_DEVICES_MIXED,
  CODE_SENML_MALFORMED,
  CODE_SENML_UNSUPPORTED,
  CODE_SPARKPLUG_ALIAS_UNKNOWN,
  CODE_SPARKPLUG_COMPRESSED,
  CODE_SPARKPLUG_TOPIC_INVALID,
  CODE_SPARKPLUG_TYPE_UNKNOWN,
} from '../../assembly/abi/codes.js';
import type { RefusalCode } from './refusal-code.js';

/** Why a payload of one format is refused. */
export const formatCodes: readonly RefusalCode[] = [
  {
    number: CODE_PROTOBUF_MALFORMED,
    name: 'protobuf_malformed',
    cause: 'the bytes are no well-formed message of Protocol Buffers, or end within a field',
    wayOut: 'send the encoded message alone, whole and without a length before it',
  },
  {
    number: CODE_PROTOBUF_PLAN_MISSING,
    name: 'protobuf_plan_missing',
    cause: 'no schema says what the fields of the Protobuf message are, or the one that was in force is gone',
    wayOut: 'give the device class a schema of format protobuf; the payload is kept in dead_letters',
  },
  {
    number: CODE_PROTOBUF_MESSAGE_REPEATED,
    name: 'protobuf_message_repeated',
    cause: 'a field that holds one message is there twice, which asks for a merge of the two',
    wayOut: 'send each field once: encode one message and do not concatenate several',
  },
  {
    number: CODE_SPARKPLUG_TOPIC_INVALID,
    name: 'sparkplug_topic_invalid',
    cause: 'the topic is none on which an edge node of Sparkplug sends births, data or deaths',
    wayOut:
      'publish to spBv1.0/{group}/{type}/{node} or spBv1.0/{group}/{type}/{node}/{device}, with NBIRTH, DBIRTH, NDATA, DDATA, NDEATH or DDEATH as type',
  },
  {
    number: CODE_SPARKPLUG_COMPRESSED,
    name: 'sparkplug_compressed',
    cause: 'the Sparkplug payload is compressed',
    wayOut: 'switch compression off in the edge node; the payload is kept in dead_letters',
  },
  {
    number: CODE_SPARKPLUG_ALIAS_UNKNOWN,
    name: 'sparkplug_alias_unknown',
    cause: 'metrics are named by aliases alone, and no birth that was seen defines them',
    wayOut: 'let the edge node publish its birth again (metric Node Control/Rebirth); the payload is kept in dead_letters',
  },
  {
    number: CODE_SPARKPLUG_TYPE_UNKNOWN,
    name: 'sparkplug_type_unknown',
    cause: 'the datatype of a metric is none of Sparkplug 3.0, or is missing where the sign of the number depends on it',
    wayOut: 'send the datatype in births, with each metric',
  },
  {
    number: CODE_CBOR_MALFORMED,
    name: 'cbor_malformed',
    cause: 'the payload is not well-formed CBOR (RFC 8949), or bytes come after it',
    wayOut: 'send one CBOR item a message: a map of names and values, or an array of such maps',
  },
  {
    number: CODE_CBOR_UNSUPPORTED,
    name: 'cbor_unsupported',
    cause: 'the payload holds a CBOR bignum or a reference to an earlier text or value (tags 2, 3, 25, 29)',
    wayOut: 'send numbers of up to 64 bits, and each text where it belongs',
  },
  {
    number: CODE_MSGPACK_MALFORMED,
    name: 'msgpack_malformed',
    cause: 'the payload is not well-formed MessagePack, or bytes come after it',
    wayOut: 'send one MessagePack object a message: a map of names and values, or an array of such maps',
  },
  {
    number: CODE_SENML_MALFORMED,
    name: 'senml_malformed',
    cause:
      'the payload is not SenML (RFC 8428): not an array of records, or a record without a value, with two, or with one of another type',
    wayOut: 'send an array of records, each with one of v, vs, vb, vd, or with s',
  },
  {
    number: CODE_SENML_UNSUPPORTED,
    name: 'senml_unsupported',
    cause: 'the SenML is of a later version than 10, or has a member that every reader must know: its name ends with an underscore',
    wayOut: 'send version 10, without such members',
  },
  {
    number: CODE_SENML_DEVICES_MIXED,
    name: 'senml_devices_mixed',
    cause: 'one SenML pack names several devices in its base names, and a message is of one device',
    wayOut: 'send a pack for each device',
  },
  {
    number: CODE_LINE_MALFORMED,
    name: 'line_malformed',
    cause: 'no line of the payload is one of the line protocol: `measurement,tag=value field=value time`',
    wayOut: 'correct the sender; the bytes are kept as a dead letter',
  },
  {
    number: CODE_CAYENNE_MALFORMED,
    name: 'cayenne_malformed',
    cause: 'the payload ends within a value of the Cayenne Low Power Payload',
    wayOut: 'send whole values; LoRaWAN cuts payloads that are longer than the data rate allows',
  },
  {
    number: CODE_CAYENNE_TYPE_UNKNOWN,
    name: 'cayenne_type_unknown',
    cause: 'the payload begins with a data type that the Cayenne Low Power Payload does not define',
    wayOut: 'check that the device sends Cayenne LPP on this port, or use a decoder of its own format',
  },
];
