/** A unit of a quantity: `(value * scale + offset) / divisor` is the value in the quantity's first unit. */
export interface Unit {
  readonly quantity: string;
  readonly scale: number;
  readonly offset?: number;
  readonly divisor?: number;
}

type Entry = readonly [names: string, scale: number, divisor?: number, offset?: number];

// Names are those of UCUM (case sensitive), then those that devices and people write. Factors are exact where they are by definition:
// the international foot of 0.3048 m, the pound of 0.45359237 kg, standard gravity of 9.80665 m/s², the litre of 0.001 m³.
const quantities: Readonly<Record<string, readonly Entry[]>> = {
  temperature: [
    ['Cel °C C degC celsius', 1],
    ['K kelvin', 100, 100, -27_315],
    ['[degF] °F F degF fahrenheit', 5, 9, -160],
    ['[degR] °R', 500, 900, -245_835],
  ],
  pressure: [
    ['Pa pascal', 1],
    ['hPa mbar', 100],
    ['kPa', 1000],
    ['MPa', 1_000_000],
    ['bar', 100_000],
    ['atm', 101_325],
    ['[psi] psi', 6894.757293168361],
    ['mm[Hg] mmHg', 133.322387415],
    ["[in_i'Hg] inHg", 3386.388640341],
    ['m[H2O] mH2O', 9806.65],
    ["[in_i'H2O] inH2O", 249.08891],
  ],
  length: [
    ['m metre meter', 1],
    ['km', 1000],
    ['dm', 1, 10],
    ['cm', 1, 100],
    ['mm', 1, 1000],
    ['um µm μm', 1, 1_000_000],
    ['[in_i] in inch', 254, 10_000],
    ['[ft_i] ft', 3048, 10_000],
    ['[yd_i] yd', 9144, 10_000],
    ['[mi_i] mi mile', 1_609_344, 1000],
    ['[nmi_i] nmi', 1852],
  ],
  mass: [
    ['kg', 1],
    ['g', 1, 1000],
    ['mg', 1, 1_000_000],
    ['t tonne', 1000],
    ['[lb_av] lb', 45_359_237, 100_000_000],
    ['[oz_av] oz', 45_359_237, 1_600_000_000],
  ],
  volume: [
    ['m3 m³', 1],
    ['L l', 1, 1000],
    ['mL ml', 1, 1_000_000],
    ['[gal_us] gal', 3_785_411_784, 1_000_000_000_000],
    ['[cft_i] ft3 ft³', 28_316_846_592, 1_000_000_000_000],
  ],
  'volume flow': [
    ['m3/s m³/s', 1],
    ['m3/h m³/h', 1, 3600],
    ['L/s l/s', 1, 1000],
    ['L/min l/min', 1, 60_000],
    ['L/h l/h', 1, 3_600_000],
    ['[gal_us]/min gpm', 3_785_411_784, 60_000_000_000_000],
    ['[cft_i]/min cfm', 28_316_846_592, 60_000_000_000_000],
  ],
  speed: [
    ['m/s', 1],
    ['km/h kmh', 10, 36],
    ['[mi_i]/h mph', 44_704, 100_000],
    ['[kn_i] kn knot', 1852, 3600],
    ['[ft_i]/s ft/s', 3048, 10_000],
  ],
  acceleration: [
    ['m/s2 m/s²', 1],
    ['[g] g0 gn', 980_665, 100_000],
    ['m[g]', 980_665, 100_000_000],
  ],
  energy: [
    ['J', 1],
    ['kJ', 1000],
    ['MJ', 1_000_000],
    ['W.s Ws', 1],
    ['W.h Wh', 3600],
    ['kW.h kWh', 3_600_000],
    ['MW.h MWh', 3_600_000_000],
    ['[Btu_IT] BTU', 1055.05585262],
  ],
  power: [
    ['W watt', 1],
    ['mW', 1, 1000],
    ['kW', 1000],
    ['MW', 1_000_000],
    ['[HP] hp', 745.6998715822702],
  ],
  current: [
    ['A', 1],
    ['mA', 1, 1000],
    ['uA µA μA', 1, 1_000_000],
    ['kA', 1000],
  ],
  voltage: [
    ['V', 1],
    ['mV', 1, 1000],
    ['uV µV μV', 1, 1_000_000],
    ['kV', 1000],
  ],
  resistance: [
    ['Ohm Ω ohm', 1],
    ['kOhm kΩ', 1000],
    ['MOhm MΩ', 1_000_000],
  ],
  frequency: [
    ['Hz', 1],
    ['kHz', 1000],
    ['MHz', 1_000_000],
    ['/min rpm 1/min', 1, 60],
  ],
  time: [
    ['s second', 1],
    ['ms', 1, 1000],
    ['us µs μs', 1, 1_000_000],
    ['min minute', 60],
    ['h hour', 3600],
    ['d day', 86_400],
  ],
  angle: [
    ['deg °', 1],
    ['rad', 180, Math.PI],
  ],
  fraction: [
    ['1', 1],
    ['% %RH percent', 1, 100],
    ['[ppth] ‰', 1, 1000],
    ['[ppm] ppm', 1, 1_000_000],
    ['[ppb] ppb', 1, 1_000_000_000],
  ],
  force: [
    ['N', 1],
    ['kN', 1000],
    ['[lbf_av] lbf', 4.4482216152605],
  ],
  data: [
    ['By B byte', 1],
    ['kBy kB', 1000],
    ['MBy MB', 1_000_000],
    ['GBy GB', 1_000_000_000],
    ['KiBy KiB', 1024],
    ['MiBy MiB', 1_048_576],
    ['GiBy GiB', 1_073_741_824],
    ['bit', 1, 8],
  ],
  illuminance: [
    ['lx lux', 1],
    ['klx', 1000],
  ],
  'magnetic flux density': [
    ['T', 1],
    ['mT', 1, 1000],
    ['uT µT μT', 1, 1_000_000],
    ['G gauss', 1, 10_000],
  ],
};

/** By every name of a unit. Of a name that stands twice the first unit counts. */
export const units: ReadonlyMap<string, Unit> = build();

function build(): Map<string, Unit> {
  const table = new Map<string, Unit>();
  for (const [quantity, entries] of Object.entries(quantities)) {
    for (const [names, scale, divisor = 1, offset = 0] of entries) {
      for (const name of names.split(' ')) if (!table.has(name)) table.set(name, { quantity, scale, offset, divisor });
    }
  }
  return table;
}

/** The names of each quantity's units, for those who choose one: the first name of each. */
export function unitNames(): ReadonlyMap<string, readonly string[]> {
  return new Map(
    Object.entries(quantities).map(([quantity, entries]) => [quantity, entries.map(([names]) => names.split(' ')[0] as string)]),
  );
}
