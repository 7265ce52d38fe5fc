//! What the machine is, and who used its processors. Linux says; elsewhere the report has gaps.

use std::fs;

use serde::Serialize;

/// Ticks of processor time in a second, on every Linux that matters.
const TICKS_PER_S: f64 = 100.0;

/// The machine on which it was measured.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Machine {
    /// The processor's name.
    pub(crate) cpu: String,
    /// How many cores.
    pub(crate) cores: usize,
    /// Memory, gibibytes.
    pub(crate) memory_gib: f64,
    /// The kernel's release.
    pub(crate) kernel: String,
}

/// Processor seconds used so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Used {
    all_s: f64,
    own_s: f64,
    server_s: f64,
}

/// Who used how many cores, on average.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Cores {
    /// The server.
    pub(crate) server: f64,
    /// The load generator.
    pub(crate) generator: f64,
    /// Everything else: databases, other work on the machine.
    pub(crate) others: f64,
}

/// Memory of the server, mebibytes.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Memory {
    /// Before anybody connected.
    pub(crate) at_start_mib: f64,
    /// With all sockets open, before the first package.
    pub(crate) connected_mib: f64,
    /// The most that was seen.
    pub(crate) peak_mib: f64,
}

impl Machine {
    /// The machine that this runs on.
    pub(crate) fn here() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let field = |text: &str, name: &str| {
            let line = text.lines().find(|line| line.starts_with(name))?;
            line.split_once(':').map(|(_, value)| value.trim().to_owned())
        };
        let memory_kib =
            field(&read("/proc/meminfo"), "MemTotal").and_then(|text| number(&text)).unwrap_or(0.0);
        Self {
            cpu: field(&read("/proc/cpuinfo"), "model name").unwrap_or_else(|| "not known".to_owned()),
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            memory_gib: memory_kib / 1_048_576.0,
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
        }
    }
}

impl Used {
    /// What was used up to now.
    pub(crate) fn now(server_pids: &[u32]) -> Self {
        let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
        let ticks = stat.lines().next().map(|line| {
            let columns: Vec<f64> =
                line.split_whitespace().skip(1).filter_map(|text| text.parse().ok()).collect();
            // user, nice, system, idle, iowait, irq, softirq: all but idling and waiting.
            columns.iter().take(7).sum::<f64>() - columns.iter().skip(3).take(2).sum::<f64>()
        });
        Self {
            all_s: ticks.unwrap_or(0.0) / TICKS_PER_S,
            own_s: process_s("self"),
            server_s: server_pids.iter().map(|pid| process_s(&pid.to_string())).sum(),
        }
    }

    /// Who used how much since then, over so many seconds.
    pub(crate) fn since(self, earlier: Self, seconds: f64) -> Cores {
        // A server that was killed meanwhile has used nothing that can still be seen.
        let server = (self.server_s - earlier.server_s).max(0.0);
        let generator = self.own_s - earlier.own_s;
        let others = (self.all_s - earlier.all_s - server - generator).max(0.0);
        let share = |used: f64| if seconds > 0.0 { used / seconds } else { 0.0 };
        Cores { server: share(server), generator: share(generator), others: share(others) }
    }
}

/// Mebibytes of a field of the status of some processes, such as `VmRSS`.
pub(crate) fn memory_mib(pids: &[u32], name: &str) -> f64 {
    let one = |pid: &u32| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let line = status.lines().find(|line| line.starts_with(name))?;
        number(line.split_once(':')?.1)
    };
    pids.iter().filter_map(one).sum::<f64>() / 1_024.0
}

/// How many files this process may have open.
pub(crate) fn max_open_files() -> Option<usize> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find(|line| line.starts_with("Max open files"))?;
    line.split_whitespace().nth(3)?.parse().ok()
}

fn process_s(pid: &str) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name, in brackets, may have spaces; user and system time are the 12th and 13th field after it.
    let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
    let ticks: f64 =
        after.split_whitespace().skip(11).take(2).filter_map(|text| text.parse::<f64>().ok()).sum();
    ticks / TICKS_PER_S
}

fn number(text: &str) -> Option<f64> {
    text.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn linux_tells_what_the_machine_is() {
        let machine = Machine::here();
        assert!(machine.cores >= 1 && machine.memory_gib > 0.1 && !machine.kernel.is_empty(), "{machine:?}");
        assert!(max_open_files().is_some_and(|files| files > 0));
    }

    #[test]
    fn processor_time_only_grows() {
        let own = [std::process::id()];
        let earlier = Used::now(&own);
        let busy = (0..20_000_000_u64).fold(0, |sum, n| sum ^ n.wrapping_mul(sum | 1));
        let cores = Used::now(&own).since(earlier, 1.0);
        assert!(cores.generator >= 0.0 && cores.others >= 0.0, "{cores:?} {busy}");
        assert!(memory_mib(&own, "VmRSS") > 1.0);
    }
}
