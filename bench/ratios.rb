# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# What the turns of two programs (turns.rb) say of one beside the other.

def median(values)
  sorted = values.sort
  sorted[sorted.size / 2]
end

def percentile(sorted, share)
  sorted.empty? ? 0 : sorted[((sorted.size - 1) * share).round]
end

# A turn may be too short for a transaction.
def quotients(ours, theirs)
  list = ours.zip(theirs).reject { |_, their| their.count.zero? }.map { |our, their| our.rate / their.rate }
  list.empty? ? abort("no transaction has ended in a turn: more --seconds are needed") : list
end

# As for a normal distribution, whose quartiles are 1.35 standard deviations apart.
def error_of_median(values)
  sorted = values.sort
  1.25 * (percentile(sorted, 0.75) - percentile(sorted, 0.25)) / 1.35 / Math.sqrt(values.size)
end

# Seconds of the program for a transaction.
def cost(turns)
  turns.sum(&:cost) / turns.sum(&:count)
end
