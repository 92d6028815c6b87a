//! Two jobs measured in turns, so that what else the machine does weighs on both.
#![allow(clippy::print_stdout)]

use std::time::{Duration, Instant};

/// The best times of two jobs that are run in turns: what is above the best is the machine's.
pub fn pair(mut first: impl FnMut(), mut second: impl FnMut()) -> (Duration, Duration) {
    let once = |job: &mut dyn FnMut(), times: u32| {
        let start = Instant::now();
        for _ in 0..times {
            job();
        }
        start.elapsed() / times
    };
    let times = (Duration::from_millis(5).as_nanos() / once(&mut first, 1).as_nanos().max(1)).clamp(1, 1000);
    let times = u32::try_from(times).unwrap_or(1);
    let mut best = (Duration::MAX, Duration::MAX);
    for _ in 0..25 {
        best.0 = best.0.min(once(&mut first, times));
        best.1 = best.1.min(once(&mut second, times));
    }
    best
}

/// Prints a pair: both times, the first as a multiple of the second, and the other way round in percent.
pub fn show(label: &str, (first, second): (Duration, Duration)) {
    let ratio = first.as_secs_f64() / second.as_secs_f64();
    println!("{label:<58} {first:>11.2?} {second:>11.2?}  {ratio:>5.2} x  {:>5.1} %", 100.0 / ratio);
}
