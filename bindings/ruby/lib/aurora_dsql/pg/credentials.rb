# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

module AuroraDsql
  module Pg
    # A set of AWS credentials, with the methods of the AWS SDK's Aws::Credentials.
    Credentials = Struct.new(:access_key_id, :secret_access_key, :session_token, :expiration,
                             keyword_init: true) do
      # True if both keys are present.
      def set?
        !access_key_id.to_s.empty? && !secret_access_key.to_s.empty?
      end

      # Omits the secrets.
      def inspect
        "#<#{self.class.name} access_key_id=#{access_key_id.inspect}>"
      end
      alias_method :to_s, :inspect
    end

    # A source of AWS credentials: the default chain of a profile, or credentials that the program
    # supplied.  libdsql caches and refreshes what the chain returns, and all pools that use the same
    # profile share it.
    class CredentialProvider
      @providers = {}
      @lock = Mutex.new # guards @providers

      # Returns the provider for a profile.  nil stands for the default chain: the environment, then
      # the profile in AWS_PROFILE or "default".
      def self.for_profile(profile = nil)
        name = profile.to_s.empty? ? nil : profile.to_s
        @lock.synchronize { @providers[name] ||= new(Native::Provider.default(name)) }
      end

      # Drops the cached provider after the server has rejected a signature, since the credentials
      # may have been replaced.  A provider that was created just now stays, so that a rejected
      # connect cannot cause a fetch each time.
      def self.invalidate(profile = nil)
        name = profile.to_s.empty? ? nil : profile.to_s
        @lock.synchronize { @providers.delete(name) unless @providers[name]&.recently_created? }
      end

      # Drops all cached providers: the next use reads the environment and the files again.
      def self.reset
        @lock.synchronize { @providers.clear }
      end

      # Returns a provider for what a program supplied as credentials.
      def self.for_credentials(credentials)
        return credentials if credentials.is_a?(CredentialProvider)

        static(credentials)
      end

      # Credentials that are already at hand, so using them never blocks.
      def self.static(credentials)
        current = credentials.respond_to?(:credentials) ? credentials.credentials : credentials
        unless current.respond_to?(:access_key_id) && current.respond_to?(:secret_access_key)
          raise ArgumentError, "credentials must have access_key_id and secret_access_key, or be a " \
                               "provider with #credentials, got #{credentials.class}"
        end
        token = current.respond_to?(:session_token) ? current.session_token : nil
        new(Native::Provider.static(current.access_key_id, current.secret_access_key, token), is_static: true)
      end
      private_class_method :static

      # Runs the block on a helper thread and waits for its result.  A wait inside libdsql can be
      # neither interrupted nor scheduled; Thread#value can.  So Timeout, Thread#kill and a Fiber
      # scheduler work as they do with Ruby's own blocking calls.
      def self.on_helper_thread
        Thread.new do
          Thread.current.report_on_exception = false
          yield
        end.value
      end

      # Seconds.
      RECENT = 30

      # The Native::Provider.
      attr_reader :native

      # Use .for_profile or .for_credentials instead.
      def initialize(native, is_static: false)
        @native = native
        @is_static = is_static
        @used_at = nil
        @created_at = now
      end

      # True if the credentials were looked up just now, so that another lookup would not help.
      def recently_created?
        now - @created_at < RECENT
      end

      # True if the cached credentials are most likely still valid.
      def recently_used?
        !@used_at.nil? && now - @used_at < RECENT
      end

      # True if the next use may wait for the network, a file or a process.
      def may_block?
        !@is_static && (!recently_used? || !Fiber.current_scheduler.nil?)
      end

      # Yields the Native::Provider and returns the block's result; see .on_helper_thread.
      def use
        result = may_block? ? self.class.on_helper_thread { yield(native) } : yield(native)
        @used_at = now
        result
      end

      # Returns the current Credentials, fetched or refreshed if necessary.
      def credentials
        id, secret, token, expires_at = use(&:fetch)
        Credentials.new(access_key_id: id, secret_access_key: secret, session_token: token,
                        expiration: expires_at && Time.at(expires_at).utc)
      end

      # True if there are credentials.  Like the three methods below, it fetches them if necessary,
      # and makes a provider usable where the AWS SDK expects Aws::Credentials.
      def set?
        credentials.set?
      end

      # The access key id of the current credentials.
      def access_key_id
        credentials.access_key_id
      end

      # The secret access key of the current credentials.
      def secret_access_key
        credentials.secret_access_key
      end

      # The session token of the current credentials, or nil.
      def session_token
        credentials.session_token
      end

      private

      def now
        Process.clock_gettime(Process::CLOCK_MONOTONIC)
      end
    end
  end
end
