//! The library for vehicle routing, as far as it is used here: the only file that knows it.

use std::sync::Arc;

use peerpack_actors::dispatch::plan::{Aim, Call, Calls, Problem, Shift, Stop};
use peerpack_actors::market::load::Load;
use peerpack_actors::time::Time;
use vrp_core::construction::features::{create_activity_limit_feature, create_minimize_tours_feature};
use vrp_core::models::common::{MultiDimLoad, TimeWindow};
use vrp_core::models::problem::{Actor, JobIdDimension as _, VehicleIdDimension as _};
use vrp_core::prelude::{
    CapacityFeatureBuilder, DefaultRandom, Demand, Environment, GenericResult, GoalContext,
    GoalContextBuilder, MinimizeUnassignedBuilder, MultiBuilder, ProblemBuilder, SimpleTransportCost,
    SingleBuilder, Solver, TransportFeatureBuilder, VehicleBuilder, VehicleDetailBuilder, ViolationCode,
    VrpConfigBuilder,
};
use vrp_core::rosomaxa::prelude::{Quota, TelemetryMode};
use vrp_core::rosomaxa::utils::Parallelism;

use super::Hold;

/// What a vehicle has of being alone: a job that is to be alone takes all of it, any other one a part.
const ALONE: i32 = 1_000;

/// The most that is told of a load: sums of these fit into what the library counts with.
const MOST: u32 = 100_000_000;

/// Rules that are broken have numbers.
const TOO_MANY_JOBS: ViolationCode = ViolationCode(17);

impl Quota for Hold {
    fn is_reached(&self) -> bool {
        self.is_over()
    }
}

/// Searches for the stops of each shift until the time is over.
///
/// # Errors
/// What the library says.
pub(super) fn solve(problem: &Problem, aim: Aim, hold: &Hold) -> Result<Calls, String> {
    if problem.jobs.is_empty() || problem.shifts.is_empty() {
        return Ok(Vec::new());
    }
    // Everything in it that would go to other threads stays in a pool of one.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().map_err(|error| error.to_string())?;
    pool.install(|| searched(problem, aim, hold).map_err(|error| error.to_string()))
}

fn searched(problem: &Problem, aim: Aim, hold: &Hold) -> GenericResult<Calls> {
    let transport = Arc::new(ways(problem)?);
    let task = Arc::new(task(problem, goal(problem, aim, transport.clone())?, transport)?);
    let random = Arc::new(DefaultRandom::default());
    let one_core = Parallelism::new_with_cpus(1);
    let environment =
        Environment::new(random, Some(Arc::new(hold.clone())), one_core, Arc::new(|_| ()), false);
    let config = VrpConfigBuilder::new(task.clone())
        .set_environment(Arc::new(environment))
        .set_telemetry_mode(TelemetryMode::None)
        .prebuild()?
        .with_max_time(Some(usize::try_from(hold.within.as_secs()).unwrap_or(usize::MAX).saturating_add(1)))
        .with_max_generations(Some(usize::MAX))
        .build()?;
    let solution = Solver::new(task, config).solve()?;
    let mut calls: Calls = vec![Vec::new(); problem.shifts.len()];
    for route in &solution.routes {
        let number = route.actor.vehicle.dimens.get_vehicle_id().and_then(|id| id.parse::<usize>().ok());
        let Some(calls) = number.and_then(|shift| calls.get_mut(shift)) else { continue };
        let jobs = route.tour.all_activities().filter_map(|activity| activity.job.as_ref());
        calls.extend(jobs.filter_map(|job| call(job.dimens.get_job_id()?)));
    }
    Ok(calls)
}

/// The name of a call for the library: its end, and the number of its job.
fn name(call: Call) -> String {
    match call {
        Call::Pickup(job) => format!("p{job}"),
        Call::Dropoff(job) => format!("d{job}"),
    }
}

fn call(name: &str) -> Option<Call> {
    let job = name.get(1..)?.parse().ok()?;
    match name.get(..1)? {
        "p" => Some(Call::Pickup(job)),
        "d" => Some(Call::Dropoff(job)),
        _ => None,
    }
}

fn ways(problem: &Problem) -> GenericResult<SimpleTransportCost> {
    let count = problem.ways.count();
    let all = (0..count).flat_map(|from| (0..count).map(move |to| problem.ways.get(from, to)));
    let (seconds, metres) = all.map(|way| (f64::from(way.ms) / 1_000.0, f64::from(way.way_m))).unzip();
    SimpleTransportCost::new(seconds, metres)
}

/// As many jobs as can be, then as few couriers if that is the aim, then the shortest way.
fn goal(problem: &Problem, aim: Aim, transport: Arc<SimpleTransportCost>) -> GenericResult<GoalContext> {
    let most: Vec<usize> = problem.shifts.iter().map(|shift| shift.most_jobs.saturating_mul(2)).collect();
    let limit = move |actor: &Actor| {
        let shift = actor.vehicle.dimens.get_vehicle_id()?.parse::<usize>().ok()?;
        most.get(shift).copied()
    };
    let mut features = vec![MinimizeUnassignedBuilder::new("jobs").build()?];
    if aim == Aim::Couriers {
        features.push(create_minimize_tours_feature("couriers")?);
    }
    features.push(
        TransportFeatureBuilder::new("way")
            .set_transport_cost(transport)
            .set_time_constrained(true)
            .build_minimize_distance()?,
    );
    features.push(CapacityFeatureBuilder::<MultiDimLoad>::new("room").build()?);
    features.push(create_activity_limit_feature("most", TOO_MANY_JOBS, Arc::new(limit))?);
    GoalContextBuilder::with_features(&features)?.build()
}

fn task(
    problem: &Problem,
    goal: GoalContext,
    transport: Arc<SimpleTransportCost>,
) -> GenericResult<vrp_core::models::Problem> {
    let windows =
        problem.jobs.iter().map(|job| job.pickup.window).chain(problem.shifts.iter().map(|one| one.window));
    let begin = windows.map(|window| window.from).min().unwrap_or(Time::from_ms(0));
    let seconds = |at: Time| at.since(begin).ms() as f64 / 1_000.0;
    // A shift without an end has no end for the library, so jobs end with the last of them.
    let last = problem.shifts.iter().map(|shift| shift.window.to).max().unwrap_or(begin);
    let single = |call: Call, stop: &Stop, demand: Demand<MultiDimLoad>| {
        let window = TimeWindow::new(
            seconds(stop.window.from),
            seconds(stop.window.to.min(last).max(stop.window.from)),
        );
        SingleBuilder::default()
            .id(&name(call))
            .demand(demand)
            .times(vec![window])?
            .duration(stop.stay.ms() as f64 / 1_000.0)?
            .location(stop.place)?
            .build()
    };
    let nothing = MultiDimLoad::default();
    let demand = |on, off| Demand { pickup: (nothing, on), delivery: (nothing, off) };
    let mut jobs = Vec::with_capacity(problem.jobs.len());
    for (number, job) in problem.jobs.iter().enumerate() {
        let load = amounts(job.load, if job.alone { ALONE } else { 1 });
        let pickup = single(Call::Pickup(number), &job.pickup, demand(load, nothing))?;
        let dropoff = single(Call::Dropoff(number), &job.dropoff, demand(nothing, load))?;
        jobs.push(
            MultiBuilder::default()
                .id(&number.to_string())
                .add_job(pickup)
                .add_job(dropoff)
                .build_as_job()?,
        );
    }
    let vehicle = |(number, shift): (usize, &Shift)| {
        let mut day = VehicleDetailBuilder::default()
            .set_start_location(shift.starts)
            .set_start_time(seconds(shift.window.from));
        if let Some(end) = shift.ends {
            day = day.set_end_location(end).set_end_time(seconds(shift.window.to));
        }
        VehicleBuilder::default()
            .id(&number.to_string())
            .add_detail(day.build()?)
            .capacity(amounts(shift.capacity, ALONE))
            .build()
    };
    let vehicles = problem.shifts.iter().enumerate().map(vehicle).collect::<GenericResult<Vec<_>>>()?;
    ProblemBuilder::default()
        .add_jobs(jobs.into_iter())
        .add_vehicles(vehicles.into_iter())
        .with_goal(goal)
        .with_transport_cost(transport)
        .with_logger(Arc::new(|_| ()))
        .build()
}

fn amounts(load: Load, alone: i32) -> MultiDimLoad {
    let amount = |amount: u32| i32::try_from(amount.min(MOST)).unwrap_or(i32::MAX);
    MultiDimLoad::new(vec![amount(load.weight_g), amount(load.volume_ml), amount(load.slots), alone])
}
