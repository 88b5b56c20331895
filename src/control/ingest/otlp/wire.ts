import protobuf from 'protobufjs';

/** What of opentelemetry/proto/collector/metrics/v1 is read and answered; other fields are passed over. */
const PROTO = `
  syntax = "proto3";
  message ExportMetricsServiceRequest { repeated ResourceMetrics resource_metrics = 1; }
  message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message ScopeMetrics { Scope scope = 1; repeated Metric metrics = 2; }
  message Scope { string name = 1; string version = 2; }
  message Metric {
    string name = 1; string unit = 3;
    oneof data {
      Numbers gauge = 5; Numbers sum = 7; Histogram histogram = 9; ExponentialHistogram exponential_histogram = 10; Summary summary = 11;
    }
  }
  message Numbers { repeated NumberPoint data_points = 1; int32 aggregation_temporality = 2; bool is_monotonic = 3; }
  message NumberPoint {
    fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; repeated KeyValue attributes = 7; uint32 flags = 8;
    oneof value { double as_double = 4; sfixed64 as_int = 6; }
  }
  message Histogram { repeated HistogramPoint data_points = 1; int32 aggregation_temporality = 2; }
  message HistogramPoint {
    fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; fixed64 count = 4; optional double sum = 5;
    repeated fixed64 bucket_counts = 6; repeated double explicit_bounds = 7; repeated KeyValue attributes = 9; uint32 flags = 10;
    optional double min = 11; optional double max = 12;
  }
  message ExponentialHistogram { repeated ExponentialPoint data_points = 1; int32 aggregation_temporality = 2; }
  message ExponentialPoint {
    repeated KeyValue attributes = 1; fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; fixed64 count = 4;
    optional double sum = 5; sint32 scale = 6; fixed64 zero_count = 7; Buckets positive = 8; Buckets negative = 9; uint32 flags = 10;
    optional double min = 12; optional double max = 13;
  }
  message Buckets { sint32 offset = 1; repeated uint64 bucket_counts = 2; }
  message Summary { repeated SummaryPoint data_points = 1; }
  message SummaryPoint {
    fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; fixed64 count = 4; double sum = 5;
    repeated Quantile quantile_values = 6; repeated KeyValue attributes = 7; uint32 flags = 8;
  }
  message Quantile { double quantile = 1; double value = 2; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message AnyValue {
    oneof value {
      string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; ArrayValue array_value = 5;
      KeyValueList kvlist_value = 6; bytes bytes_value = 7;
    }
  }
  message ArrayValue { repeated AnyValue values = 1; }
  message KeyValueList { repeated KeyValue values = 1; }
  message ExportMetricsServiceResponse { PartialSuccess partial_success = 1; }
  message PartialSuccess { int64 rejected_data_points = 1; string error_message = 2; }
  message Status { int32 code = 1; string message = 2; }
`;

export type Encoding = 'json' | 'protobuf';

/** What is answered to a request of which some data points were not taken. */
export interface PartialSuccess {
  readonly rejectedDataPoints: string;
  readonly errorMessage: string;
}

let types: protobuf.Root | undefined;

function typeOf(name: string): protobuf.Type {
  types ??= protobuf.parse(PROTO).root;
  return types.lookupType(name);
}

/** Field names of OTLP's JSON in both encodings, whole numbers of 64 bits as text; undefined: the body is no document of its encoding. */
export function readRequest(encoding: Encoding, body: Uint8Array): unknown {
  try {
    if (encoding === 'json') return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.length).toString());
    const type = typeOf('ExportMetricsServiceRequest');
    return type.toObject(type.decode(body), { longs: String, bytes: String });
  } catch {
    return undefined;
  }
}

export function writeResponse(encoding: Encoding, partialSuccess: PartialSuccess | undefined): string | Uint8Array {
  return write(encoding, 'ExportMetricsServiceResponse', partialSuccess ? { partialSuccess } : {});
}

/** A failure as google.rpc.Status, which clients of OTLP read. */
export function writeStatus(encoding: Encoding, code: number, message: string, more: object): string | Uint8Array {
  return write(encoding, 'Status', { code, message, ...(encoding === 'json' && more) });
}

function write(encoding: Encoding, name: string, value: object): string | Uint8Array {
  if (encoding === 'json') return JSON.stringify(value);
  const type = typeOf(name);
  return type.encode(type.fromObject(value)).finish();
}

export function mediaType(encoding: Encoding): string {
  return encoding === 'json' ? 'application/json' : 'application/x-protobuf';
}
