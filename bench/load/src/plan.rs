use serde::Deserialize;

/// What one process does. Every message is a function of its place, see bench/load/messages.ts.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Plan {
    pub host: std::net::Ipv4Addr,
    pub port: u16,
    /// Connections are spread over 127.0.0.2 and the next ones; 0: the system chooses.
    pub sources: u8,
    /// Connections of this process: first, first + stride, …
    pub connections: usize,
    pub first: u32,
    pub stride: u32,
    /// CONNECTs that wait for their CONNACK at once, and how many are begun a second.
    pub opening_max: usize,
    pub opened_a_second: f64,
    /// A refused connection ends the opening instead of the process, which finds the server's limit.
    pub until_refused: bool,
    /// A connection that breaks while messages are sent ends the load instead of the process.
    #[serde(default)]
    pub until_broken: bool,
    /// Client ids are this prefix and six digits, from 1.
    pub client_prefix: String,
    pub user_name: String,
    pub password: String,
    /// Topics are prefix, six digits from 1, suffix.
    pub topic_prefix: String,
    pub topic_suffix: String,
    /// Devices that each connection speaks for, in turn.
    pub devices: u32,
    /// Time of each device's first message, ms.
    pub base_ms: u64,
    pub qos: u8,
    /// Packets a write at most.
    pub batch: usize,
    /// Unacknowledged messages a connection, at QoS 1 and 2.
    pub window: usize,
    pub seconds: f64,
    /// Messages a second of this process; absent: as fast as sockets and windows take them.
    pub rate: Option<f64>,
    /// At a given rate the sender wakes up at most this often.
    pub tick_us: u64,
}

/// Packet ids are 1 to 65,535 in turn, so fewer may be under way.
const WINDOW_MAX: usize = 60_000;

impl Plan {
    pub fn parse(line: &str) -> Result<Plan, String> {
        let plan: Plan =
            serde_json::from_str(line).map_err(|error| format!("cannot read the plan: {error}"))?;
        let wrong = if plan.qos > 2 {
            "qos is above 2"
        } else if plan.connections == 0 || plan.devices == 0 || plan.batch == 0 {
            "connections, devices and batch must be above 0"
        } else if plan.window == 0 || plan.window > WINDOW_MAX {
            "window must be from 1 to 60000"
        } else if plan.qos > 0 && plan.batch > plan.window {
            "batch must not be above window"
        } else if plan.opening_max == 0 || plan.opened_a_second <= 0.0 || plan.seconds <= 0.0 {
            "openingMax, openedASecond and seconds must be above 0"
        } else if plan.rate.is_some_and(|rate| rate <= 0.0) {
            "rate must be above 0"
        } else {
            return Ok(plan);
        };
        Err(format!("cannot use the plan: {wrong}"))
    }

    /// Place of this process's `index`-th connection among all.
    pub fn place(&self, index: usize) -> u32 {
        self.first + index as u32 * self.stride
    }

    pub fn client_id(&self, index: usize) -> String {
        format!("{}{:06}", self.client_prefix, self.place(index) + 1)
    }
}
