// Umbrella for callback programs: the loop and everything it offers. Beside rouse.hpp, which
// programs of tasks want; a program may include both.
#pragma once

#include <rouse/loop/current_loop.hpp>
#include <rouse/loop/loop.hpp>
#include <rouse/loop/loop_async.hpp>
#include <rouse/loop/loop_files.hpp>
#include <rouse/loop/loop_http.hpp>
#include <rouse/loop/loop_jobs.hpp>
#include <rouse/loop/loop_names.hpp>
#include <rouse/loop/loop_net.hpp>
#include <rouse/loop/loop_processes.hpp>
#include <rouse/loop/loop_signals.hpp>
#include <rouse/loop/loop_sink.hpp>
#include <rouse/loop/pipeline.hpp>
#include <rouse/loop/promisify.hpp>
