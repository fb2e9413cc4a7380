# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

require "json"
require "tmpdir"

# Provides a profile whose credentials are slow to fetch: its credential_process sleeps first.
module SlowProfile
  KEY_ID = "AKIDSLOW"

  # Yields the profile's name, and a lambda that returns how often the process has run.
  def slow_profile(seconds)
    Dir.mktmpdir do |dir|
      keys = JSON.generate(Version: 1, AccessKeyId: KEY_ID, SecretAccessKey: "secret")
      script = File.join(dir, "slow")
      runs = File.join(dir, "runs")
      File.write(script, "#!/bin/sh\necho run >>#{runs}\nsleep #{seconds}\necho '#{keys}'\n")
      File.chmod(0o700, script)
      File.write(File.join(dir, "config"), "[profile slow]\ncredential_process = #{script}\n")
      ENV["AWS_CONFIG_FILE"] = File.join(dir, "config")
      ENV["AWS_SHARED_CREDENTIALS_FILE"] = File.join(dir, "none")
      yield "slow", -> { File.readlines(runs).size }
    end
  end
end
