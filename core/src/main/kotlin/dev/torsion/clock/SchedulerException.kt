// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.clock

/** A [Cooperator] or one of its tasks cannot do this in its present state; Twisted's `SchedulerError`. */
public sealed class SchedulerException(message: String) : IllegalStateException(message)

/** The [Cooperator] was stopped, before the task was added or before it was done. */
public class SchedulerStoppedException : SchedulerException("the cooperator was stopped")

/** [CooperativeTask.resume] on a task that is not paused. */
public class NotPausedException : SchedulerException("the task is not paused")

/** The task has ended; the subclasses say how. */
public sealed class TaskFinishedException(message: String) : SchedulerException(message)

/** The task's iterator was exhausted. */
public class TaskDoneException : TaskFinishedException("the task is done")

/** The task was stopped, or its cooperator was. */
public class TaskStoppedException : TaskFinishedException("the task was stopped")

/** The task's iterator threw, or a Deferred that it gave failed. */
public class TaskFailedException : TaskFinishedException("the task has failed")
